const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Counts what a JSON text would come to, without parsing it: keys of all its objects, values (at least; a
 * little more is possible), and how deep they nest. Says nothing of use for bytes that are no JSON.
 */
export function countJson(bytes: Uint8Array): { keys: number; values: number; depth: number } {
  let keys = 0;
  let values = 0;
  let depth = 0;
  let open = 0;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case QUOTE:
        for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        values++;
        depth = Math.max(depth, ++open);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        open--;
        break;
      case 0x3a: // :
        keys++;
        break;
      case 0x2c: // ,
        values++;
        break;
    }
  }
  return { keys, values, depth };
}
