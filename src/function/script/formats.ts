/** The framework's own checks of text, such as `date-like`, for the validators. */
export const formats: Record<string, unknown> = {}
