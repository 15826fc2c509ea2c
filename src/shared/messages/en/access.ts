export const accessEn = {
};
