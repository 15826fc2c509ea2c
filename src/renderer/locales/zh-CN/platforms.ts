export const platforms = {
};
