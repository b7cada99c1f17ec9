import { AGENT_OPERATOR_CALL } from '../call-schema.js';
import { parseCall, Refusal } from '../http-call.js';
import { readFileBytes, type Sandboxes } from './files.js';

/** The agent's operator API (`POST /api/v1`), as far as it is here: READ_FILE. @throws Refusal */
export function answerOperator(body: string, sandboxes: Sandboxes): object {
  const call = parseCall(body, AGENT_OPERATOR_CALL) as { type?: string; read_file?: ReadFile };
  const invalid = (text: string) => new Refusal(400, `Failed to validate agent::Call: ${text}`);
  if (call.type === undefined) throw invalid("Expecting 'type' to be present");
  if (call.read_file === undefined) throw invalid("Expecting 'read_file' to be present");
  const { path, offset, length } = call.read_file;
  if (offset < 0 || (length ?? 0) < 0) throw invalid("Expecting 'offset' and 'length' not to be negative");
  return { type: 'READ_FILE', read_file: readFileBytes(sandboxes, path, offset, length) };
}

interface ReadFile {
  path: string;
  offset: number;
  length?: number;
}
