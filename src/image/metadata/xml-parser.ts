/** The XML parser. A bundle for browsers has `xml-parser-web.ts` in this file's place. */
import { createRequire } from "node:module";

/** Loads the parser. That takes longer to load than all else of metadata, and most pictures have no XMP. */
export const loadParser = (): typeof import("@xmldom/xmldom") =>
  createRequire(import.meta.url)("@xmldom/xmldom");
