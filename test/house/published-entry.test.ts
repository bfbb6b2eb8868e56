import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPackage } from '../../scripts/build-npm.ts'

const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)
let project: string
let dependencies: string[]

/** Another project with the published package installed, and of its dependencies only those that it names. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'paratii-consumer-'))
  const installed = join(project, 'node_modules/paratii')
  const manifest = await buildPackage(join(root, 'build/npm'))
  await mkdir(dirname(installed), { recursive: true })
  await cp(join(root, 'build/npm'), installed, { recursive: true })
  dependencies = Object.keys(manifest.dependencies as object)
  for (const name of dependencies) {
    await mkdir(dirname(join(project, 'node_modules', name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name))
  }
  await writeFile(join(project, 'package.json'), '{"name":"another-project","type":"module"}')
}, 120_000)
afterAll(async () => {
  await rm(project, { recursive: true, force: true })
})

describe('the package entry paratii/protocol', () => {
  it('opens the envelopes of the golden vectors that it brings, in a project that knows nothing else', async () => {
    const program = `
      import { readFileSync } from 'node:fs'
      import { bytesFromHex, cryptoNoble, hexFromBytes, openEnvelope, signContent } from 'paratii/protocol'
      const vectors = JSON.parse(readFileSync('node_modules/paratii/test/vectors/envelope.json', 'utf8'))
      const opened = vectors.map(({ envelope, receiverSecret, senderSecret, content }) => {
        const signed = openEnvelope(cryptoNoble, bytesFromHex(envelope), bytesFromHex(receiverSecret))
        return signed.ok &&
          hexFromBytes(signContent(cryptoNoble, signed.value.data, bytesFromHex(senderSecret))) === content
      })
      process.stdout.write(JSON.stringify(opened))`
    await writeFile(join(project, 'open.js'), program)
    const { stdout } = await run(process.execPath, ['open.js'], { cwd: project })
    const opened = JSON.parse(stdout) as boolean[]
    expect(opened.length).toBeGreaterThan(0)
    expect(opened).toEqual(opened.map(() => true))
  })

  it('has types that a strict project compiles against, and that refuse what is wrong', async () => {
    const source = (to: string) => `
      import { cryptoNoble, openMail, type Mail, type Result } from 'paratii/protocol'
      const mail: Result<Mail> = openMail(cryptoNoble, new Uint8Array(), new Uint8Array(32).fill(1), ${to})
      export const code: string = mail.ok ? mail.value.message.type : mail.error.code`
    await writeFile(join(project, 'good.ts'), source('Date.now()'))
    await writeFile(join(project, 'bad.ts'), source(`'now'`))
    const options = ['--strict', '--noEmit', '--target', 'es2023', '--lib', 'es2024,dom']
    const compiled = await run(
      process.execPath,
      [
        join(root, 'node_modules/typescript/bin/tsc'),
        ...options,
        '--module',
        'nodenext',
        '--ignoreConfig',
        'good.ts',
        'bad.ts',
      ],
      { cwd: project },
    ).catch((error: { readonly stdout: string }) => error)
    const errors = compiled.stdout.split('\n').filter(line => line.includes('error TS'))
    expect(errors).toEqual([expect.stringMatching(/^bad\.ts.*TS2345/)])
  })

  it('imports nothing that does I/O', async () => {
    const code = await readFile(join(project, 'node_modules/paratii/protocol.js'), 'utf8')
    const imported = [...code.matchAll(/^import .* from "([^"]+)";$/gm)].map(match => match[1] ?? '')
    expect(imported.length).toBeGreaterThan(5)
    for (const path of imported) {
      expect(dependencies.some(name => path === name || path.startsWith(`${name}/`))).toBe(true)
    }
    expect(code).not.toMatch(/\b(?:fetch|WebSocket|setTimeout|Date\.now|Math\.random|process|localStorage)\b/)
  })
})
