/**
 * A bucket of a store that speaks S3, in which pictures lie for machines that share no folder. Region, keys
 * and, for another store than Amazon's, its address come from the environment as all programs on AWS's client
 * have them: AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { describe } from "../../base/describe.js";
import { SamsrError } from "../../base/errors.js";

export interface Bucket {
  /** Stores a file under a key. */
  put(key: string, path: string): Promise<void>;
  /** Writes what a key has to a file. @throws Error where there is nothing */
  fetch(key: string, path: string): Promise<void>;
  /** Opens what a key has, to be read. @throws Error where there is nothing */
  open(key: string): Promise<{ readonly size: number; readonly stream: Readable }>;
  copy(from: string, to: string): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Milliseconds until a store that does not answer is given up, and until one that pauses is. */
const [CONNECT, PAUSE] = [5000, 60_000];
/** How often a transfer is tried that is cut off. */
const TRIES = 3;

/**
 * Opens the bucket of an address, s3://BUCKET or s3://BUCKET/PREFIX.
 * @throws SamsrError for an address that is none, or a bucket that cannot be reached
 */
export async function openBucket(address: string): Promise<Bucket> {
  const [, name, prefix = ""] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w/.-]*))?$/.exec(address) ?? [];
  if (name === undefined) {
    throw new SamsrError(`the store "${address}" is none; expected s3://BUCKET or s3://BUCKET/PREFIX`);
  }
  // On which Node samsr runs is not for the client to remark upon.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const client = new S3Client({
    // A store of one's own has one name for all buckets.
    forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL),
    requestHandler: { connectionTimeout: CONNECT, socketTimeout: PAUSE },
    // Not every store knows the checksums that Amazon's client would send by itself.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  const place = (key: string) => ({
    Bucket: name,
    Key: [prefix.replace(/\/+$/, ""), key].filter(Boolean).join("/"),
  });
  await client.send(new HeadBucketCommand({ Bucket: name })).catch((error) => {
    const { name: kind, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
    const status = $metadata?.httpStatusCode;
    const why = status === undefined ? describe(error) : `${kind}, status ${status}`;
    throw new SamsrError(
      `the store ${address} cannot be used: ${why}; see AWS_ENDPOINT_URL and the keys of the store`,
    );
  });

  return {
    put: (key, path) =>
      again(async () => {
        const { size } = await stat(path);
        const Body = createReadStream(path);
        try {
          await client.send(new PutObjectCommand({ ...place(key), Body, ContentLength: size }));
        } finally {
          Body.destroy();
        }
      }),
    fetch: (key, path) =>
      again(async () => {
        const { stream } = await open(key);
        await pipeline(stream, createWriteStream(path, { mode: 0o600 }));
      }),
    open,
    async copy(from, to) {
      const { Bucket, Key } = place(from);
      await client.send(new CopyObjectCommand({ ...place(to), CopySource: encodeURI(`${Bucket}/${Key}`) }));
    },
    async remove(key) {
      await client.send(new DeleteObjectCommand(place(key)));
    },
  };

  async function open(key: string): Promise<{ size: number; stream: Readable }> {
    const { Body, ContentLength } = await client.send(new GetObjectCommand(place(key)));
    return { size: ContentLength!, stream: Body as Readable };
  }
}

/** Tries anew what the client does not: a request whose file has begun to go or come. */
async function again(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const { name } = error as Error;
      if (tries === TRIES || name === "NoSuchKey" || name === "AccessDenied") throw error;
    }
  }
}
