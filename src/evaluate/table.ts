/**
 * The one writer of tables. A table is its rows, whatever they are, its columns, which say what a row has
 * there, and what is said below; `columns.ts` has the columns of metrics. It is written for a terminal, in
 * Markdown, or as CSV.
 */

/** A number in a table. */
export interface Figure {
  readonly value: number;
  /** Digits after the point. */
  readonly places: number;
  /** Whether it is a difference, which is written with its sign. */
  readonly signed?: boolean;
  /** The standard error; NaN where that cannot be known. */
  readonly error?: number;
  /** Words after it, such as how much of all it is a mean of. */
  readonly note?: string;
}

/** What stands where a row and a column meet: words, a number, or nothing. */
export type Cell = string | Figure | undefined;

/** A column of a table. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => Cell;
}

/** A table: the first column is words, the others are numbers. */
export interface Table<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** A paragraph each; empty ones are left out, and in CSV all are. */
  readonly notes?: readonly string[];
}

/**
 * How a table is written: for a terminal, in Markdown, or as CSV (RFC 4180), whose numbers are not rounded.
 */
export type TableFormat = "plain" | "markdown" | "csv";

/** Writes a table as text that ends with a line's end. */
export function writeTable<Row>({ columns, rows, notes = [] }: Table<Row>, format: TableFormat): string {
  const text = format === "csv" ? exactly : rounded;
  const lines = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map(({ cell }) => text(cell(row)))),
  ];
  if (format === "csv") return lines.map((cells) => `${cells.map(quoted).join(",")}\n`).join("");
  const table = format === "markdown" ? markdown(lines) : plain(lines);
  return table + notes.map((note) => (note === "" ? "" : `\n${note}\n`)).join("");
}

/** Returns a column whose cells are words. */
export function wordColumn<Row>(head: string, cell: (row: Row) => string | undefined): Column<Row> {
  return { head, cell };
}

/** Returns a number with so many digits after the point; infinite ones in words. */
export function digits(value: number, places: number): string {
  return Number.isFinite(value) ? value.toFixed(places) : value > 0 ? "inf" : "-inf";
}

/**
 * Returns a figure as it is printed: its sign where it is a difference, its standard error where one is
 * known.
 */
export function figureText({ value, places, signed, error, note }: Figure): string {
  const sign = signed && value >= 0 ? "+" : "";
  const spread = error !== undefined && Number.isFinite(error) ? ` ± ${digits(error, places)}` : "";
  return `${sign}${digits(value, places)}${spread}${note === undefined ? "" : ` ${note}`}`;
}

const rounded = (cell: Cell): string => (typeof cell === "object" ? figureText(cell) : (cell ?? ""));
const exactly = (cell: Cell): string => (typeof cell === "object" ? String(cell.value) : (cell ?? ""));

function markdown([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [head, ["---", ...head.slice(1).map(() => "---:")], ...rows].map(line).join("");
}

function plain(lines: readonly (readonly string[])[]): string {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((cells) => cells[i].length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return lines.map((cells) => `${line(cells).trimEnd()}\n`).join("");
}

/** Returns a field of CSV (RFC 4180). */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
