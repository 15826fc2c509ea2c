export const readinessEn = {
};
