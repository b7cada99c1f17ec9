import { green, red, yellow } from '../output.js';

/** How levels of findings are shown. */
export const marks = { ok: green('ok'), note: yellow('note'), problem: red('problem') };
