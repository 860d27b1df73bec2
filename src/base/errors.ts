/**
 * An error meant for a person: it names the input, what was expected and what to do.
 * The command prints its message as one line and no stack; anything else that escapes is a bug.
 */
export class SamsrError extends Error {
  override readonly name = "SamsrError";
}
