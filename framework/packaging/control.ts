/** The texts of a Debian package that say what it is. Pure. */

export interface PackageFacts {
  /** Of package.json. */
  version: string;
  description: string;
  architecture: string;
  /** `NAME <ADDRESS>` of who builds. */
  maintainer: string;
  /** Of files and directories, in KiB. */
  installedKib: number;
  /** What dpkg-shlibdeps found: libraries that all need, and those for RDMA and virtual machines. */
  libraries: { depends: string; recommends: string };
}

export const packageName = 'gaia';
/** The first packaging of that version. */
export const debianVersion = (version: string) => `${version.replace('-', '~')}-1`;
export const fileName = ({ version, architecture }: Pick<PackageFacts, 'version' | 'architecture'>) =>
  `${packageName}_${debianVersion(version)}_${architecture}.deb`;

/** What `engines` of package.json says, in Debian's words. */
const node = 'nodejs (>= 20.19)';
const joined = (...parts: string[]) => parts.filter((part) => part !== '').join(', ');

export function controlText({ version, description, architecture, maintainer, installedKib, libraries }: PackageFacts) {
  return `${[
    `Package: ${packageName}`,
    `Version: ${debianVersion(version)}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${maintainer}`,
    `Installed-Size: ${installedKib}`,
    `Depends: ${joined(libraries.depends, node, 'adduser')}`,
    `Recommends: ${joined(libraries.recommends, 'ibverbs-providers')}`,
    'Suggests: redis-server, qemu-system-x86, zookeeper',
    'Section: admin',
    'Priority: optional',
    `Description: ${summaryOf(description)}`,
    ' A framework for Apache Mesos with the REST contract of Marathon. Replicas of a',
    ' program run on different machines and are kept identical; when one machine',
    ' dies, another replica goes on within milliseconds, and no acknowledged write',
    ' is lost. This package has the framework, the executor, the command line and',
    ' an embedded Mesos for trials.',
  ].join('\n')}\n`;
}

/** One line without an article or an end, as Debian wants it, and short. */
const summaryOf = (description: string) => description.replace(/, unchanged, .*$/, '').replace(/^Keeps/, 'keeps');

/** Debian's own changelog: what changed in the program is in the other one. */
export function debianChangelog(version: string, maintainer: string, secondsEpoch: number): string {
  const date = new Date(secondsEpoch * 1000).toUTCString().replace('GMT', '+0000');
  return `${packageName} (${debianVersion(version)}) stable; urgency=medium\n\n  * Package of ${version}: what changed is in changelog.gz.\n\n -- ${maintainer}  ${date}\n`;
}

export interface Bundled {
  /** Directory below node_modules. */
  name: string;
  license: string;
  /** The first line of its licence that names a holder, or its author. */
  holder: string;
}

const apache = ' On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.';

export function copyrightText(bundled: Bundled[]): string {
  const ours = ['Files: *', 'Copyright: the authors of GAIA', 'License: Apache-2.0', apache].join('\n');
  const theirs = bundled.map(({ name, license, holder }) =>
    [
      `Files: usr/lib/gaia/node_modules/${name}/*`,
      `Copyright: ${holder}`,
      `License: ${license}`,
      ` The text lies with the files, in /usr/lib/gaia/node_modules/${name}.`,
    ].join('\n'),
  );
  const format = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: GAIA';
  return `${[format, ours, ...theirs].join('\n\n')}\n`;
}
