/** Tables as wide as the terminal at most. Pure. */
import Table from 'cli-table3';
import stringWidth from 'string-width';

export interface Column {
  title: string;
  /** Shown only where there is no limit on purpose: `--output wide`. */
  wide?: true;
  /** Sentences: what does not fit goes on in the next line. All else is cut. */
  wraps?: true;
}

export interface Layout {
  /** Columns of the terminal; null: no limit. */
  columnsMax: number | null;
  wide: boolean;
  head: (title: string) => string;
}

/** Cells are not cut below this. */
const cellMin = 10;
/** Sentences are not wrapped into less. */
const sentenceMin = 24;
const gap = 2;

/** The text of the table, and the titles of what had no room at all. */
export function tableOf(
  columns: (Column | string)[],
  rows: string[][],
  layout: Layout,
): { text: string; hidden: string[] } {
  const all = columns.map((column, index) => ({ ...(typeof column === 'string' ? { title: column } : column), index }));
  const wanted = all.filter(({ wide }) => layout.wide || !wide);
  const needed = wanted.map(({ title, index }) => Math.max(...[title, ...rows.map((row) => row[index])].map(widthOf)));
  const widths = fitted(needed, wanted, layout.wide ? null : layout.columnsMax);
  const shown = wanted.slice(0, widths.length);
  const table = new Table({
    head: shown.map(({ title }) => layout.head(title)),
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap, compact: true },
    colWidths: widths.map((width) => width + gap),
    wrapOnWordBoundary: true,
  });
  for (const row of rows)
    table.push(shown.map(({ index, wraps = false }) => ({ content: row[index] ?? '', wordWrap: wraps })));
  return {
    text: table
      .toString()
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n'),
    hidden: wanted.slice(widths.length).map(({ title }) => title),
  };
}

/** How many columns of a terminal `text` takes; colours take none, and East Asian letters two. */
export const widthOf = (text = ''): number => Math.max(...text.split('\n').map((line) => stringWidth(line)));

/**
 * Widths of as many of the columns as there is room for: sentences give way first, then the columns from the right; the first stays
 * whole as long as it can.
 */
function fitted(needed: number[], columns: Column[], columnsMax: number | null): number[] {
  const widths = [...needed];
  // Nothing follows the last column.
  const excess = () =>
    widths.reduce((sum, width) => sum + width + gap, -gap) - (columnsMax ?? Number.POSITIVE_INFINITY);
  const cut = (index: number, least: number) => {
    const width = widths[index] as number;
    if (excess() > 0) widths[index] = Math.max(Math.min(width, least), width - excess());
  };
  const fromTheRight = widths.map((_, index) => widths.length - 1 - index);
  for (const index of fromTheRight) if (columns[index]?.wraps) cut(index, sentenceMin);
  for (const index of fromTheRight) cut(index, cellMin);
  while (excess() > 0 && widths.length > 1) widths.pop();
  return widths;
}

const noBorders = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
);
