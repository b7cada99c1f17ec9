import { readFileSync } from 'node:fs';
import { LineCounter, parseAllDocuments } from 'yaml';
import { EXIT, Failure } from './failure.js';
import { fileFault } from './file-fault.js';

/** The specs in a YAML or JSON file; `-` is standard input. JSON is YAML, so one parser reads both. A list is as many specs. */
export function readSpecs(file: string): unknown[] {
  const specs = specsIn(readText(file), nameOf(file));
  if (specs.length > 0) return specs;
  throw new Failure(EXIT.usage, `${nameOf(file)} has no spec in it`, remedy);
}

/** Of commands that take one. */
export function readSpec(file: string): unknown {
  const specs = readSpecs(file);
  if (specs.length === 1) return specs[0];
  throw new Failure(EXIT.usage, `${nameOf(file)} has ${specs.length} specs in it`, 'Give each a file of its own.');
}

const remedy = 'Correct the file: it must have specs in YAML or JSON.';
const nameOf = (file: string) => (file === '-' ? 'standard input' : file);

function specsIn(text: string, name: string): unknown[] {
  const lineCounter = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter, prettyErrors: false })];
  const [error] = documents.flatMap(({ errors }) => errors);
  if (error === undefined) return documents.flatMap((document) => specOf(document, name) ?? []);
  const { line, col } = lineCounter.linePos(error.pos[0]);
  throw new Failure(EXIT.usage, `${name}, line ${line}, column ${col}: ${error.message}`, remedy);
}

/** An alias that stands for too much, or for nothing, is found only now. */
function specOf(document: { toJS(): unknown }, name: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new Failure(EXIT.usage, `${name} has an alias that cannot be followed: ${(error as Error).message}`, remedy);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Failure(
      EXIT.usage,
      `${file} cannot be read: ${fileFault(error)}`,
      'Name a file with a spec, or - for standard input.',
    );
  }
}
