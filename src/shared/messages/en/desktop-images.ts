export const desktopImagesEn = {
};
