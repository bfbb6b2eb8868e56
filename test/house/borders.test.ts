import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const depcruise = join(root, 'node_modules/.bin/depcruise')

interface Cruise {
  summary: { totalCruised: number; violations: { from: string; to: string; rule: { name: string } }[] }
}

async function cruise(folder: string): Promise<Cruise['summary']> {
  const arguments_ = [depcruise, 'src', '--config', '.dependency-cruiser.mjs', '--output-type', 'json']
  const { stdout } = await promisify(execFile)(process.execPath, arguments_, {
    cwd: folder,
    maxBuffer: 1 << 28,
  }).catch((error: { stdout?: string }) => {
    if (error.stdout) return { stdout: error.stdout }
    throw error
  })
  return (JSON.parse(stdout) as Cruise).summary
}

/** A small tree of its own under the house's own rules, so that planting a fault never touches the real one. */
async function plant(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'paratii-borders-'))
  await cp(join(root, '.dependency-cruiser.mjs'), join(folder, '.dependency-cruiser.mjs'))
  await cp(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'))
  await writeFile(join(folder, 'package.json'), '{"type":"module","imports":{"#*":"./src/*"}}')
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

describe('the borders between rooms', () => {
  let planted: string | undefined
  afterEach(async () => {
    if (planted) await rm(planted, { recursive: true, force: true })
    planted = undefined
  })

  it('are read from the whole tree, and nobody crosses them', async () => {
    const summary = await cruise(root)
    expect(summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`)).toEqual([])
    expect(summary.totalCruised).toBeGreaterThan(400)
  }, 60_000)

  it('refuse a room that imports its neighbour, a higher layer, or Node below the adapters', async () => {
    planted = await plant({
      'src/std/bytes.ts': `import '#chain/reader.ts'\nimport 'node:fs'\nexport const bytes = 1\n`,
      'src/chain/reader.ts': `import '#network/node.ts'\nexport const reader = 1\n`,
      'src/network/node.ts': `export const node = 1\n`,
      'src/stray.ts': `import './std/bytes.ts'\n`,
    })
    const { violations } = await cruise(planted)
    const names = violations.map(({ rule, from }) => `${rule.name} ${from}`)
    expect(names).toEqual(
      expect.arrayContaining([
        'border-of-std src/std/bytes.ts',
        'border-of-chain src/chain/reader.ts',
        'no-io-below-adapters src/std/bytes.ts',
        'every-file-has-a-room src/stray.ts',
      ]),
    )
  }, 60_000)

  it('refuse whatever the published protocol reaches that does I/O, however far away', async () => {
    planted = await plant({
      'src/npm/protocol.ts': `export * from '#protocol/frame.ts'\n`,
      'src/protocol/frame.ts': `export * from '#std/bytes.ts'\n`,
      'src/std/bytes.ts': `import 'node:fs'\nexport const bytes = 1\n`,
    })
    const { violations } = await cruise(planted)
    expect(violations.map(({ rule, from }) => `${rule.name} ${from}`)).toContain(
      'published-protocol-is-pure src/npm/protocol.ts',
    )
  }, 60_000)

  it('let a room import lower layers', async () => {
    planted = await plant({
      'src/chain/reader.ts': `import '#std/bytes.ts'\nexport const reader = 1\n`,
      'src/std/bytes.ts': `export const bytes = 1\n`,
    })
    expect((await cruise(planted)).violations).toEqual([])
  }, 60_000)
})
