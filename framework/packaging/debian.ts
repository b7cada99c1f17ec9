/** Makes a Debian package of a built clone. The same clone, tools and SOURCE_DATE_EPOCH give the same bytes. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { controlText, fileName, type PackageFacts, packageName } from './control.js';
import { fillTree, home, run, sharedObjects, write } from './tree.js';

/** Loaded only where there is a device or a guest: a machine without them does without these libraries. */
const optional = ['libgaia-verbs.so', 'gaia-vm'];
const maintainerForm = /^[^<>\n]+ <[^<>\s]+>$/;

export interface BuildOptions {
  /** Of the clone. */
  root: string;
  /** Where the package goes; it is made if missing. */
  directory: string;
  /** `NAME <ADDRESS>`; what Debian's tools take from DEBFULLNAME and DEBEMAIL. */
  maintainer: string;
  /** What all its files are dated. */
  secondsEpoch: number;
}

/** Gives back the package's file. Throws an error that says what is missing. */
export function buildDebian({ root, directory, maintainer, secondsEpoch }: BuildOptions): string {
  if (!maintainerForm.test(maintainer))
    throw new Error(`the maintainer "${maintainer}" is not NAME <ADDRESS>: set DEBFULLNAME and DEBEMAIL`);
  const { version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const architecture = run('dpkg', ['--print-architecture'], root).trim();
  const target = join(resolve(directory), fileName({ version, architecture }));
  mkdirSync(dirname(target), { recursive: true });
  const staging = mkdtempSync(`${target}.`);
  try {
    const tree = join(staging, 'tree');
    fillTree(root, tree, { version, maintainer, secondsEpoch });
    const libraries = librariesOf(tree, staging);
    addControl(root, tree, { version, description, architecture, maintainer, installedKib: kibOf(tree), libraries });
    run('find', ['.', '-exec', 'touch', '--no-dereference', `--date=@${secondsEpoch}`, '{}', '+'], tree);
    const made = join(staging, basename(target));
    run(
      'env',
      [`SOURCE_DATE_EPOCH=${secondsEpoch}`, 'dpkg-deb', '--root-owner-group', '-Zxz', '-z1', '--build', tree, made],
      staging,
    );
    renameSync(made, target);
    return target;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function addControl(root: string, tree: string, facts: PackageFacts): void {
  const sums = run('sh', ['-c', 'find . -type f -printf "%P\\0" | LC_ALL=C sort -z | xargs -0 md5sum'], tree);
  const settings = run('sh', ['-c', 'find etc -type f -printf "/%p\\n" | LC_ALL=C sort'], tree);
  write(tree, 'DEBIAN/md5sums', sums);
  write(tree, 'DEBIAN/conffiles', settings);
  write(tree, 'DEBIAN/control', controlText(facts));
  const scripts = join(root, 'framework/packaging/scripts');
  for (const name of ['postinst', 'prerm', 'postrm'])
    write(tree, `DEBIAN/${name}`, readFileSync(join(scripts, name)), 0o755);
}

const kibOf = (tree: string) => Number(run('du', ['-sk', '--apparent-size', '.'], tree).split('\t')[0]);

/** dpkg-shlibdeps wants a source package around it. */
function librariesOf(tree: string, staging: string): PackageFacts['libraries'] {
  write(staging, 'debian/control', `Source: ${packageName}\n\nPackage: ${packageName}\nArchitecture: any\n`);
  const options = sharedObjects(join(tree, home)).flatMap((file) => [
    optional.includes(basename(file)) ? '-dRecommends' : '-dDepends',
    `-e${file}`,
  ]);
  const lines = run('dpkg-shlibdeps', ['-O', '--warnings=0', ...options], staging).split('\n');
  const field = (name: string) =>
    lines.find((line) => line.startsWith(`shlibs:${name}=`))?.slice(name.length + 8) ?? '';
  return { depends: field('Depends'), recommends: field('Recommends') };
}
