export const inspectionEn = {
};
