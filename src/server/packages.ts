/** Packages that are not installed with samsr unless one asks for them. */
import { SamsrError } from "../base/errors.js";

/**
 * Loads a module of which packages may be missing.
 * @param packages what to install then
 * @throws SamsrError that says how
 */
export async function withPackages<T>(packages: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !/Cannot find package/.test(message)) throw error;
    throw new SamsrError(`packages for this are not installed: npm install ${packages}`);
  }
}

export const SERVER_PACKAGES = "fastify @fastify/swagger @fastify/busboy prom-client";
export const QUEUE_PACKAGES = "bullmq ioredis";
export const STORE_PACKAGES = "@aws-sdk/client-s3";
