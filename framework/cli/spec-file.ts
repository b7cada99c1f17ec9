import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { EXIT, Failure } from './failure.js';

/** The spec in a YAML or JSON file; `-` is standard input. JSON is YAML, so one parser reads both. */
export function readSpecFile(file: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(readText(file), { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error === undefined) return document.toJS();
  const { line, col } = lineCounter.linePos(error.pos[0]);
  const place = `${file === '-' ? 'standard input' : file}, line ${line}, column ${col}`;
  throw new Failure(EXIT.usage, `${place}: ${error.message}`, 'Correct the file: it must be one spec in YAML or JSON.');
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Failure(
      EXIT.usage,
      `${file} cannot be read: ${(error as Error).message}`,
      'Name a file with a spec, or - for standard input.',
    );
  }
}
