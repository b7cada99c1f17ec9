/** Where the map of the cluster draws what, in CSS pixels. Pure: the same agents and width give the same map. */
import type { Region, Zone } from './domains.js';
import type { AgentRow } from './rows.js';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Cell extends Box {
  agent: AgentRow;
}

export interface Label {
  x: number;
  y: number;
  text: string;
  kind: 'region' | 'zone' | 'rack';
  /** Room for it. */
  width: number;
}

export interface MapLayout {
  height: number;
  /** With names in the cells. */
  isLarge: boolean;
  /** From top to bottom by rack. */
  cells: Cell[];
  labels: Label[];
  racks: Box[];
}

/** Cells with names as long as there are not more agents than this. */
const LARGE_AGENTS_MAX = 150;
const large = { width: 150, height: 66 };
const small = { width: 38, height: 24 };
const GAP = 4;
const PAD = 6;
const LABEL = { region: 26, zone: 22, rack: 16 };
/** Between racks, zones and regions. */
const APART = 10;

export function layOut(regions: Region[], width: number): MapLayout {
  const agents = regions.flatMap(({ below }) => below.flatMap((zone) => zone.below.flatMap((rack) => rack.below)));
  const isLarge = agents.length <= LARGE_AGENTS_MAX;
  const map: MapLayout = { height: 0, isLarge, cells: [], labels: [], racks: [] };
  const pen = { y: 0 };
  for (const region of regions) {
    if (regions.length > 1 || region.name !== null) label(map, pen, 'region', region.name, width);
    for (const zone of region.below) layZone(map, pen, zone, width);
  }
  return { ...map, height: pen.y };
}

function label(map: MapLayout, pen: { y: number }, kind: 'region' | 'zone', name: string | null, width: number): void {
  map.labels.push({ kind, x: 0, y: pen.y, text: nameOf(kind, name), width });
  pen.y += LABEL[kind];
}

const nameOf = (kind: string, name: string | null) => (name === null ? `no ${kind}` : `${kind} ${name}`);

/** Racks side by side, as many as there is room for. */
function layZone(map: MapLayout, pen: { y: number }, zone: Zone, width: number): void {
  label(map, pen, 'zone', zone.name, width);
  let x = 0;
  let rowHeight = 0;
  for (const { name, below } of zone.below) {
    const shape = shapeOf(below.length, map.isLarge, width);
    if (x > 0 && x + shape.width > width) {
      pen.y += rowHeight + APART;
      x = 0;
      rowHeight = 0;
    }
    map.racks.push({ x, y: pen.y, width: shape.width, height: shape.height });
    map.labels.push({
      kind: 'rack',
      x: x + PAD,
      y: pen.y + 2,
      text: nameOf('rack', name),
      width: shape.width - 2 * PAD,
    });
    for (const [index, agent] of below.entries()) map.cells.push({ agent, ...cellAt(shape, index, x, pen.y) });
    x += shape.width + APART;
    rowHeight = Math.max(rowHeight, shape.height);
  }
  pen.y += rowHeight + APART;
}

interface Shape {
  cell: { width: number; height: number };
  columns: number;
  width: number;
  height: number;
}

/** Wider than high, within the width of the map. */
function shapeOf(agents: number, isLarge: boolean, width: number): Shape {
  const cell = isLarge ? large : small;
  const fit = Math.max(1, Math.floor((width - 2 * PAD + GAP) / (cell.width + GAP)));
  const columns = Math.min(agents, fit, Math.max(2, Math.ceil(Math.sqrt(agents * 1.6))));
  const rows = Math.ceil(agents / columns);
  return {
    cell,
    columns,
    width: Math.min(width, columns * (cell.width + GAP) - GAP + 2 * PAD),
    height: rows * (cell.height + GAP) - GAP + 2 * PAD + LABEL.rack,
  };
}

function cellAt({ cell, columns }: Shape, index: number, x: number, y: number): Box {
  return {
    x: x + PAD + (index % columns) * (cell.width + GAP),
    y: y + PAD + LABEL.rack + Math.floor(index / columns) * (cell.height + GAP),
    ...cell,
  };
}

const holds = (box: Box, x: number, y: number) =>
  x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;

export const cellUnder = ({ cells }: MapLayout, x: number, y: number): Cell | null =>
  cells.find((cell) => holds(cell, x, y)) ?? null;

export type Step = 'left' | 'right' | 'up' | 'down';

/** The nearest cell in that direction; the one there is when there is no other. */
export function neighbour({ cells }: MapLayout, from: Cell, step: Step): Cell {
  const [dx, dy] = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[step] as [number, number];
  let best = from;
  let bestFar = Number.POSITIVE_INFINITY;
  for (const cell of cells) {
    const [x, y] = [cell.x - from.x, cell.y - from.y];
    const along = x * dx + y * dy;
    if (along <= 0) continue;
    // What is straight ahead is nearer than what is aside.
    const far = along + 4 * Math.abs(x * dy + y * dx);
    if (far < bestFar) [best, bestFar] = [cell, far];
  }
  return best;
}

export const shownKinds = ['cpus', 'mem', 'disk'] as const;
export type ShownKind = (typeof shownKinds)[number];

/** Little is left of what has a greater share in use. */
export const HIGH_SHARE = 0.95;

/** The used share of an amount, 0 to 1; null: not known. */
export function usedShare({ total, free }: AgentRow, kind: ShownKind): number | null {
  if (total === null || free === null || total[kind] <= 0) return null;
  return Math.min(1, Math.max(0, 1 - free[kind] / total[kind]));
}
