/**
 * Tells whether a name can be that of a file or folder inside another one, on every system: no way to
 * somewhere else ("..", separators, a drive), and nothing hidden.
 */
export function isPlainName(name: string): boolean {
  return /^[^./\\:][^/\\:]*$/.test(name) && !/\p{Cc}/u.test(name);
}
