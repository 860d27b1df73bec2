/** Addresses as they may be shown and kept: what lets somebody in is no part of them. */
import { createHash } from "node:crypto";
import { SamsrError } from "../../base/errors.js";

/** Returns an address as messages show it, without user, password, query and fragment. */
export function shownAddress(url: string | URL): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** Digits that stand for the whole address, query included, and give nothing of it away. */
export function addressDigest(url: string): string {
  return createHash("sha256").update(url).digest("hex");
}

/**
 * Refuses an address from which nothing is to be fetched.
 * @throws {SamsrError} for what is no address on the web, or says who asks
 */
export function demandWebAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new SamsrError(
      `${url?.host ? shownAddress(url) : address}: expected the address of a file or of a folder, ` +
        "http:// or https://",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new SamsrError(
      `${shownAddress(url)}: addresses with a user name or password are not taken; fetch the file ` +
        `in another way and run "samsr models add FILE"`,
    );
  }
  return address;
}
