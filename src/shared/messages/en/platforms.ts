export const platformsEn = {
};
