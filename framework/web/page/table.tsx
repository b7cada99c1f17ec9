/** A table that draws only the rows that are seen, so that thousands cost no more than some. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ComponentChildren;
  /** `number`: to the right; `wide`: left out where there is little room. */
  kind?: 'number' | 'wide' | 'wide number';
  /** Names the row. */
  head?: boolean;
}

interface TableProps<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** Instead of rows, when there are none. */
  empty: ComponentChildren;
}

const ROW_PX = 36;
/** Beyond what is seen, on both sides. */
const MARGIN_ROWS = 8;
/** More scroll within the table. */
const ROWS_MAX = 18;

export function Table<Row>({ caption, columns, rows, keyOf, empty }: TableProps<Row>) {
  const box = useRef<HTMLElement>(null);
  const [topPx, setTopPx] = useState(0);
  const viewPx = Math.min(rows.length, ROWS_MAX) * ROW_PX;
  const first = Math.max(0, Math.floor(Math.min(topPx, rows.length * ROW_PX - viewPx) / ROW_PX) - MARGIN_ROWS);
  const end = Math.min(rows.length, first + ROWS_MAX + 2 * MARGIN_ROWS + 1);
  const scrolls = rows.length > ROWS_MAX;
  useMarkOfUse(rows.length > 0);
  useScroll(box, setTopPx);
  if (rows.length === 0) return <div class="empty">{empty}</div>;
  return (
    <section class={scrolls ? 'rows scrolls' : 'rows'} ref={box} aria-label={caption} {...(scrolls && { tabIndex: 0 })}>
      <div style={{ paddingTop: px(first), paddingBottom: px(rows.length - end) }}>
        <table aria-rowcount={rows.length + 1}>
          <caption>{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ name, kind }) => (
                <th key={name} scope="col" class={kind}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(first, end).map((row, index) => (
              <tr key={keyOf(row)} aria-rowindex={first + index + 2}>
                {columns.map((column) => cellOf(column, row))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function cellOf<Row>({ name, kind, cell, head }: Column<Row>, row: Row) {
  const content = cell(row);
  return head ? (
    <th key={name} scope="row" class={kind}>
      {content}
    </th>
  ) : (
    <td key={name} class={kind}>
      {content}
    </td>
  );
}

/** Instead of rows that are not drawn. */
const px = (rows: number) => `${rows * ROW_PX}px`;

function useScroll(box: { current: HTMLElement | null }, onScroll: (topPx: number) => void): void {
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => onScroll(element.scrollTop);
    element.addEventListener('scroll', look, { passive: true });
    return () => element.removeEventListener('scroll', look);
  });
}

/** When the first rows are there, for who measures how long that takes. */
function useMarkOfUse(useful: boolean): void {
  useLayoutEffect(() => {
    if (useful && performance.getEntriesByName('gaia-useful').length === 0)
      requestAnimationFrame(() => performance.mark('gaia-useful'));
  }, [useful]);
}
