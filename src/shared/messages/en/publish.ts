export const publishEn = {
};
