/** The words of a server's page, where they are others than those of the page that enlarges in the browser. */
import { words as common } from "./words.js";

export const words = {
  ...common,
  tagline: "Enlarge photos on this server",
  dropMore: "or choose or paste.",
  dropPrivate: "They are sent to this server, enlarged there, and kept until they expire.",
  footer: "Free software, MIT. Pictures go to this server and nowhere else.",
  description: "Enlarge photos on a server of samsr.",
  key: "API key",
  keyTitle: "This server asks for a key",
  keyLine: "It stays in this tab of the browser, and goes when that is closed.",
  keyWrong: "The server does not know this key.",
  keyUse: "Use this key",
  sending: "Sending",
  fetching: "Fetching the result",
  next: "Next in the queue",
  place: (place: number) => `Place ${place} in the queue`,
  away: "The server does not answer; it is asked again",
  made: (size: string, seconds: string) => `${size} in ${seconds}\u00a0s`,
  gone: "The server has this picture no more",
  standard: "This server's own",
  standardModel: (name: string) => `${name} (this server's own)`,
  chip: (queued: number, running: number) =>
    queued + running === 0 ? "The server is free" : `Server: ${running} running, ${queued} waiting`,
} as const;
