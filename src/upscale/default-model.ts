/** The model of an upscale that names none. */
export const DEFAULT_MODEL = "samsr-tiny";
