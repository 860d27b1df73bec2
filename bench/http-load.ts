/**
 * A client that costs the machine little, which it shares with the server that it asks: connections stay
 * open, a request is one write of bytes that are there already, and of an answer only status and end are
 * looked at.
 */
import { connect, type Socket } from "node:net";

/** Milliseconds until a request counts as lost. */
const LOST = 120_000;
/** Bytes that are read at once. */
const READ = 2 ** 16;

export interface HttpLoad {
  /** Requests that are not answered yet. */
  readonly open: number;
  /**
   * Hands in the picture with this seed, to be waited for; resolves to the status, 0 where there was none.
   */
  post(seed: number): Promise<number>;
  close(): void;
}

interface Connection {
  readonly socket: Socket;
  answered?: (status: number) => void;
  status: number;
  /** The server ends it after this answer. */
  last: boolean;
  /** Bytes of the answer that have not come; undefined before its header has. */
  left?: number;
  head: string;
}

/**
 * Creates a client of a server at an address like http://127.0.0.1:8080, which sends one PNG again and again.
 */
export function createLoad(address: string, picture: Uint8Array): HttpLoad {
  const { hostname, port, host } = new URL(address);
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  const fields = `HTTP/1.1\r\nhost: ${host}\r\ncontent-type: image/png\r\ncontent-length: ${picture.length}\r\n\r\n`;
  let open = 0;

  function finish(connection: Connection, status: number): void {
    const { answered } = connection;
    connection.answered = undefined;
    connection.left = undefined;
    connection.head = "";
    if (!connection.last && !connection.socket.destroyed) idle.push(connection);
    answered?.(status);
  }

  function take(connection: Connection, bytes: Buffer): void {
    let length = bytes.length;
    if (connection.left === undefined) {
      connection.head += bytes.toString("latin1");
      const end = connection.head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = connection.head.slice(0, end);
      connection.status = Number(head.slice(9, 12));
      connection.last = /\r\nconnection: close/i.test(head);
      connection.left = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      length = connection.head.length - end - 4;
    }
    connection.left -= length;
    if (connection.left <= 0) finish(connection, connection.status);
  }

  function dial(): Connection {
    const onread = {
      buffer: Buffer.allocUnsafe(READ),
      callback: (length: number, buffer: Uint8Array) => {
        take(connection, Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    };
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread });
    const connection: Connection = { socket, status: 0, last: false, head: "" };
    all.add(connection);
    socket.setTimeout(LOST, () => socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => {
      all.delete(connection);
      const at = idle.indexOf(connection);
      if (at >= 0) idle.splice(at, 1);
      else finish(connection, 0);
    });
    return connection;
  }

  return {
    get open() {
      return open;
    },
    post(seed) {
      open++;
      const connection = idle.pop() ?? dial();
      const head = Buffer.from(`POST /v1/upscale?seed=${seed} ${fields}`, "latin1");
      return new Promise((resolve) => {
        connection.answered = (status) => {
          open--;
          resolve(status);
        };
        connection.socket.write(Buffer.concat([head, picture]));
      });
    },
    close() {
      for (const { socket } of all) socket.destroy();
    },
  };
}
