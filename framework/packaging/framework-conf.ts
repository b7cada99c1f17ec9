/** What `/etc/gaia/framework.conf` is when it is new: every option of the framework as a variable, most of them commented out. */
import type { OptionText } from '../options.js';

/** What the service needs or is better off with: its directories are those of the unit. */
const settings: Readonly<Record<string, string>> = {
  GAIA_MASTER: '127.0.0.1:5050',
  GAIA_STORE: '/var/lib/gaia/framework',
};

/** Of the service, not of an operator: standard output is the journal. */
const left = ['GAIA_READY_FD'];

const head = `# Options of gaia-framework.service; "gaia-framework --help" has the same ones. After a change: systemctl restart gaia-framework
#
# Secrets stand in files that these lines name, such as /etc/gaia/users; user gaia must be able to read them:
#   install -o root -g gaia -m 0640 FILE /etc/gaia/
# The service may write below /var/lib/gaia/framework and /var/log/gaia only: GAIA_AUDIT_FILE=/var/log/gaia/audit.log,
# GAIA_EXECUTOR_ARCHIVE=/var/lib/gaia/framework/executor.tar.gz.
`;

/** Lines for systemd's EnvironmentFile. */
export function frameworkConf(options: OptionText[]): string {
  return [head, ...options.filter(({ variable }) => !left.includes(variable)).map(entry)].join('\n');
}

function entry({ variable, text, initial, flag }: OptionText): string {
  const setting = settings[variable];
  const line = setting === undefined ? `#${variable}=${flag ? '1' : ''}` : `${variable}=${setting}`;
  return `# ${text}${initial === undefined ? '' : ` (default: ${initial})`}\n${line}\n`;
}
