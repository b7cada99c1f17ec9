import type { ApiClient } from './api-client.js';
import type { Output } from './output.js';

/** What every command works with. */
export interface Session {
  api: ApiClient;
  output: Output;
}
