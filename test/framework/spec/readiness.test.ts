import assert from 'node:assert/strict';
import { toJson } from '../../../framework/spec.js';
import { accept, reject, web } from './bodies.js';

const ports = [{ port: 0, name: 'http-api' }];
const judged = (check: object, more: object = {}) => ({
  ...web,
  portDefinitions: ports,
  readinessChecks: [check],
  ...more,
});

describe('spec: readiness checks', () => {
  it("have Marathon's defaults, and come back as they are shown", () => {
    const app = accept(judged({}));
    assert.deepEqual(app.readinessChecks, [
      {
        name: 'readinessCheck',
        protocol: 'HTTP',
        path: '/',
        portName: 'http-api',
        intervalSeconds: 30,
        timeoutSeconds: 10,
        httpStatusCodesForReady: [200],
        preserveLastResponse: false,
      },
    ]);
    assert.deepEqual(accept(toJson(app)), app);
  });

  const refused: [name: string, json: object, path: string, words: RegExp][] = [
    [
      'a port that has no name',
      judged({ portName: 'x' }),
      '/readinessChecks(0)/portName',
      /^No port definition reference for portName x /,
    ],
    [
      'a time-out that is too long',
      judged({ timeoutSeconds: 30 }),
      '/readinessChecks(0)/timeoutSeconds',
      /less than intervalSeconds, 30/,
    ],
    [
      'no status',
      judged({ httpStatusCodesForReady: [] }),
      '/readinessChecks(0)/httpStatusCodesForReady',
      /must not be empty/,
    ],
    [
      'a status that is none',
      judged({ httpStatusCodesForReady: [20] }),
      '/readinessChecks(0)/httpStatusCodesForReady(0)',
      /error\.min/,
    ],
    ['two', judged({}, { readinessChecks: [{}, { path: '/b' }] }), '/readinessChecks', /use at most 1/],
  ];
  for (const [name, json, path, words] of refused) {
    it(`refuse ${name}`, () => {
      const { status, body } = reject(json);
      assert.equal(status, 422);
      const detail = body.details.find((one) => one.path === path);
      assert.match(detail?.errors.join(' ') ?? JSON.stringify(body), words);
    });
  }
});
