export const tasksEn = {
};
