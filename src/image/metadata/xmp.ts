/**
 * XMP: RDF in XML (ISO 16684-1), where one property may be written as an attribute or as an element and under
 * any prefix. So it is read as XML, by namespaces. What tells of the old pixels is put right or taken out:
 * orientation, sizes, thumbnails, and the films of motion photos, which a result does not hold.
 */
import type { Document, Element, Node } from "@xmldom/xmldom";
import { loadParser } from "./xml-parser.js";

const namespaces = {
  tiff: "http://ns.adobe.com/tiff/1.0/",
  exif: "http://ns.adobe.com/exif/1.0/",
  rdf: "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
  xmp: "http://ns.adobe.com/xap/1.0/",
  note: "http://ns.adobe.com/xmp/note/",
  camera: "http://ns.google.com/photos/1.0/camera/",
  container: "http://ns.google.com/photos/1.0/container/",
  png: "http://www.w3.org/TR/png/#11textinfo",
  xmlns: "http://www.w3.org/2000/xmlns/",
} as const;

/** A property of XMP, as attribute or element, and what becomes of it. */
interface Rule {
  readonly namespace: string;
  readonly name: RegExp;
  /** The new value; the property goes where it is undefined. */
  readonly value?: string;
}

/** What never survives: turns that were applied, pictures and films that are not in the result. */
const stale: readonly Rule[] = [
  { namespace: namespaces.tiff, name: /^Orientation$/, value: "1" },
  { namespace: namespaces.xmp, name: /^Thumbnails$/ },
  { namespace: namespaces.note, name: /^HasExtendedXMP$/ },
  { namespace: namespaces.camera, name: /^(MotionPhoto|MicroVideo)/ },
  { namespace: namespaces.container, name: /^Directory$/ },
];

/** Returns an XMP packet whose pixels are upright, or undefined where it is no XML that can be read. */
export function uprightXmp(xmp: Uint8Array): Uint8Array | undefined {
  return edited(xmp, (document) => apply(document, stale));
}

/** Returns an XMP packet for pixels of another size, or undefined where it is no XML that can be read. */
export function resizedXmp(xmp: Uint8Array, size: { width: number; height: number }): Uint8Array | undefined {
  const rules = [
    { namespace: namespaces.tiff, name: /^ImageWidth$/, value: String(size.width) },
    { namespace: namespaces.tiff, name: /^ImageLength$/, value: String(size.height) },
    { namespace: namespaces.exif, name: /^PixelXDimension$/, value: String(size.width) },
    { namespace: namespaces.exif, name: /^PixelYDimension$/, value: String(size.height) },
  ];
  return edited(xmp, (document) => apply(document, rules));
}

const emptyPacket =
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
  "</rdf:RDF></x:xmpmeta>";

/**
 * Returns an XMP packet with texts of a PNG added, each a property named after its keyword in a namespace of
 * PNG's texts.
 * @returns undefined where the packet is no XML that can be read
 */
export function xmpWithTexts(
  xmp: Uint8Array | undefined,
  texts: readonly { readonly keyword: string; readonly text: string }[],
): Uint8Array | undefined {
  const packet = xmp ?? new TextEncoder().encode(emptyPacket);
  return edited(packet, (document) => {
    const rdf = document.getElementsByTagNameNS(namespaces.rdf, "RDF")[0];
    if (rdf === undefined) return false;
    const description = document.createElementNS(namespaces.rdf, `${prefixOf(rdf)}Description`);
    description.setAttributeNS(namespaces.rdf, `${prefixOf(rdf) || "rdf:"}about`, "");
    for (const { keyword, text } of texts) {
      const name = keyword.replace(/[^A-Za-z0-9_-]/g, "_").replace(/^(?![A-Za-z_])/, "_");
      const property = document.createElementNS(namespaces.png, `png:${name}`);
      property.appendChild(document.createTextNode(text.replace(notXml, "")));
      description.appendChild(property);
    }
    rdf.appendChild(description);
    return true;
  });
}

const prefixOf = ({ prefix }: Element) => (prefix ? `${prefix}:` : "");

/** Characters that XML 1.0 cannot hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is sought
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Returns the packet after a change of its document; the same bytes where the change does nothing. */
function edited(xmp: Uint8Array, change: (document: Document) => boolean): Uint8Array | undefined {
  const text = decoded(xmp);
  if (text === undefined) return undefined;
  try {
    // Entities of one's own have no place in XMP, and are how small XML becomes large.
    if (/<!DOCTYPE|<!ENTITY/i.test(text)) return undefined;
    const { DOMParser, XMLSerializer } = loadParser();
    const parser = new DOMParser({
      onError: (level, message) => {
        if (level !== "warning") throw new Error(message);
      },
    });
    const document = parser.parseFromString(text.replace(/^\s+/, ""), "text/xml");
    if (!change(document)) return xmp;
    return new TextEncoder().encode(new XMLSerializer().serializeToString(document));
  } catch {
    return undefined;
  }
}

/** Decodes XMP, which may be in UTF-8 or UTF-16; padding with zeros at its end is common. */
function decoded(xmp: Uint8Array): string | undefined {
  const encoding =
    (xmp[0] === 0xff && xmp[1] === 0xfe) || (xmp[0] === 0x3c && xmp[1] === 0)
      ? "utf-16le"
      : (xmp[0] === 0xfe && xmp[1] === 0xff) || (xmp[0] === 0 && xmp[1] === 0x3c)
        ? "utf-16be"
        : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(xmp).replace(/\0+\s*$/, "");
  } catch {
    return undefined;
  }
}

/** Applies the rules to every element and attribute. @returns whether anything changed */
function apply(document: Document, rules: readonly Rule[]): boolean {
  let changed = false;
  const ruleFor = (node: { namespaceURI: string | null; localName: string | null }) =>
    rules.find(({ namespace, name }) => namespace === node.namespaceURI && name.test(node.localName ?? ""));
  // A list of its own: the deep may be cut off while it is walked.
  const elements: Element[] = [];
  const gather = (node: Node): void => {
    const waiting = [node];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next.nodeType === 1) elements.push(next as Element);
      for (let child = next.firstChild; child; child = child.nextSibling) waiting.push(child);
    }
  };
  gather(document);
  for (const element of elements) {
    for (const attribute of Array.from(element.attributes)) {
      const rule = ruleFor(attribute);
      if (rule === undefined || attribute.value === rule.value) continue;
      changed = true;
      if (rule.value === undefined) element.removeAttributeNode(attribute);
      else element.setAttributeNS(attribute.namespaceURI, attribute.name, rule.value);
    }
    const rule = ruleFor(element);
    if (rule === undefined || (rule.value !== undefined && element.textContent === rule.value)) continue;
    changed = true;
    if (rule.value === undefined) element.parentNode?.removeChild(element);
    else element.textContent = rule.value;
  }
  return changed;
}
