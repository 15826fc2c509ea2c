export const inspectionEn = {
  SAMPLE_SITE_FAILED: 'The sample site could not be made in {directory}. Check that the folder can be written to and has 100 MB free, then try again.',
  SAMPLE_SITE_NOT_REMOVED: 'The sample site in {directory} could not be removed completely. Close programs that use its files, then remove it again.',
};
