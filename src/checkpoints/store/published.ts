/**
 * The files that the authors of networks publish, and which can be fetched: each network's folder has its
 * own.
 */
import { NETWORKS, type Published } from "../../networks/index.js";

/** A published file, and the network that it holds. */
export interface PublishedFile extends Published {
  readonly network: string;
}

/** The published files by the name that each has in the store. */
export const PUBLISHED: Readonly<Record<string, PublishedFile>> = Object.fromEntries(
  NETWORKS.flatMap(({ name: network, published }) =>
    Object.entries(published ?? {}).map(([name, file]) => [name, { ...file, network }]),
  ),
);
