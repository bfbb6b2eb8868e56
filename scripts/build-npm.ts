/**
 * Writes the package that is published, `build/npm`: the entry `paratii/protocol` as one ES module with its types, and
 * the specification with its golden vectors. Dependencies stay dependencies.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const root = resolve(import.meta.dirname, '..')

/** Builds the package into `folder`; answers its manifest. */
export const buildPackage = async (folder: string): Promise<Record<string, unknown>> => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const { metafile } = await build({
    entryPoints: [join(root, 'src/npm/protocol.ts')],
    outfile: join(folder, 'protocol.js'),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    packages: 'external',
    alias: { '#': join(root, 'src') },
    metafile: true,
    logLevel: 'error',
  })
  await writeTypes(join(folder, 'types'))
  const manifest = await manifestFor(
    Object.values(metafile.outputs)[0]?.imports.map(({ path }) => path) ?? [],
  )
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  await cp(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  await cp(join(root, 'docs/spec'), join(folder, 'docs/spec'), { recursive: true })
  await cp(join(root, 'test/vectors'), join(folder, 'test/vectors'), { recursive: true })
  await cp(join(root, 'docs/spec/README.md'), join(folder, 'README.md'))
  return manifest
}

/** Declarations as tsc writes them, with the house's `#room/file.ts` turned into paths that hold anywhere. */
const writeTypes = async (folder: string): Promise<void> => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [
    tsc,
    '-p',
    join(root, 'tsconfig.npm.json'),
    '--outDir',
    folder,
  ])
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue
    const file = join(folder, name)
    const text = await readFile(file, 'utf8')
    const pathTo = (specifier: string): string => {
      const target = specifier.startsWith('#')
        ? join(folder, specifier.slice(1))
        : join(dirname(file), specifier)
      const path = relative(dirname(file), target).replace(/\.ts$/, '.js')
      return path.startsWith('.') ? path : `./${path}`
    }
    const portable = text.replace(
      /(from |import\()(['"])((?:#|\.)[^'"]+\.ts)\2/g,
      (_, word: string, mark: string, specifier: string) => `${word}${mark}${pathTo(specifier)}${mark}`,
    )
    await writeFile(file, portable)
  }
}

/** The published manifest: of the root's dependencies only those that the entry imports. */
const manifestFor = async (imports: readonly string[]): Promise<Record<string, unknown>> => {
  const { name, version, description, license, dependencies } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  ) as Record<string, unknown> & { readonly dependencies: Readonly<Record<string, string>> }
  const used = Object.entries(dependencies).filter(([dependency]) =>
    imports.some(path => path === dependency || path.startsWith(`${dependency}/`)),
  )
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    sideEffects: false,
    exports: { './protocol': { types: './types/npm/protocol.d.ts', default: './protocol.js' } },
    dependencies: Object.fromEntries(used),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const manifest = await buildPackage(join(root, 'build/npm'))
  process.stdout.write(`build/npm: ${JSON.stringify(manifest.dependencies)}\n`)
}
