export const storeEn = {
};
