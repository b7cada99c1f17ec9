import { green, red, yellow } from '../terminal/colour.js';

/** How levels of findings are shown. */
export const marks = { ok: green('ok'), note: yellow('note'), problem: red('problem') };
