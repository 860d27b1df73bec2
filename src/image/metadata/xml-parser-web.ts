/** `xml-parser.ts` where there is no Node. */
import * as xmldom from "@xmldom/xmldom";

export const loadParser = (): typeof import("@xmldom/xmldom") => xmldom;
