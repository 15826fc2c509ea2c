export const disksEn = {
};
