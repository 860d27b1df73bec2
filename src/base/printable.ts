/**
 * What would act on a terminal instead of standing on it: control characters (escape codes begin with one),
 * characters that turn the direction of writing around, other ends of lines, and halves of characters.
 */
const UNPRINTABLE = /(?![\n\t])[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * Makes text from anywhere, such as a file's name, fit to be written to a terminal: every character that
 * would do something is replaced by U+FFFD. Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "\ufffd");
}

/** Returns a value as JSON in lines, which means the same and is fit to be written to a terminal. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
