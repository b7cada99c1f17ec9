import assert from 'node:assert/strict';
import { below, randomFrom } from '../../random.js';
import { type Client, runTool, type Values } from '../client.js';

/** Of clients at a door of a guest. */
export const mariadbWords = (port: number): string[] => [
  ...['--no-defaults', '--protocol=tcp', '--host=127.0.0.1', `--port=${port}`],
  '--user=root',
];
/** Rounds of a guest on a busy machine take their time. */
const limits = { timeoutMs: 120_000 };
const table = 'catalogue.kept';
const acknowledged = 'catalogue.acknowledged';
const stirrings = 20;

async function mariadbSays(port: number, statements: string): Promise<string[][]> {
  const words = [...mariadbWords(port), '--connect-timeout=20', '--batch', '--skip-column-names'];
  const output = await runTool('mariadb', words, statements, limits);
  const lines = output.split('\n').slice(0, -1);
  return lines.map((line) => line.split('\t'));
}

const rows = (values: Values) => [...values].map(([name, value]) => `('${name}', '${value}')`).join(', ');

/** Additions and changes of a table of its own, some of which wait for each other. */
function stirring(seed: number): string {
  const pick = below(randomFrom(seed));
  const statements = Array.from({ length: stirrings }, () =>
    pick(2) === 0
      ? `INSERT INTO stir (amount) VALUES (${pick(1000)})`
      : `UPDATE stir SET amount = amount + ${pick(10)} WHERE id % ${1 + pick(5)} = 0`,
  );
  return statements.join(';');
}

/** Rows of InnoDB, written in transactions. */
export const mariadb: Client = {
  async begin(port) {
    await mariadbSays(
      port,
      `CREATE DATABASE IF NOT EXISTS catalogue;
       CREATE TABLE IF NOT EXISTS ${table} (name VARCHAR(64) PRIMARY KEY, value TEXT) ENGINE=InnoDB;`,
    );
  },
  async write(port, values) {
    await mariadbSays(port, `START TRANSACTION; REPLACE INTO ${table} VALUES ${rows(values)}; COMMIT;`);
  },
  async read(port, names) {
    const list = names.map((name) => `'${name}'`).join(', ');
    const found = await mariadbSays(port, `SELECT name, value FROM ${table} WHERE name IN (${list});`);
    return new Map(found as [string, string][]);
  },
  /** By MariaDB's own means: the table is whole, and has the same sum as one of what was acknowledged. */
  async end(port, expected) {
    const told = await mariadbSays(
      port,
      `CREATE OR REPLACE TABLE ${acknowledged} LIKE ${table};
       INSERT INTO ${acknowledged} VALUES ${rows(expected)};
       CHECK TABLE ${table}, ${acknowledged} EXTENDED;
       CHECKSUM TABLE ${table}, ${acknowledged} EXTENDED;`,
    );
    const [checked, checkedToo, [, sum] = [], [, wanted] = []] = told;
    for (const row of [checked, checkedToo]) assert.deepEqual(row?.slice(1), ['check', 'status', 'OK']);
    assert.match(wanted ?? '', /^\d+$/);
    assert.equal(sum, wanted, 'CHECKSUM TABLE of what is there and of what was acknowledged');
  },
  async stir(port, seed) {
    const words = ['--create-schema=stirred', '--concurrency=3', '--iterations=2', '--delimiter=;', '--silent'];
    const create = 'CREATE TABLE stir (id INT AUTO_INCREMENT PRIMARY KEY, amount INT) ENGINE=InnoDB';
    const load = [...words, `--create=${create}`, `--query=${stirring(seed)}`];
    await runTool('mariadb-slap', [...mariadbWords(port), ...load], '', limits);
  },
};
