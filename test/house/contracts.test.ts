import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mutants } from '../../scripts/mutant-list.ts'

const root = resolve(import.meta.dirname, '../..')
const folder = join(root, 'test/contracts')
const contracts = [
  'Campaigns',
  'Checkpoints',
  'ParatiiAvatar',
  'ParatiiRegistry',
  'ParatiiToken',
  'PaymentChannels',
  'SendEther',
  'UserRegistry',
  'VideoRegistry',
  'VideoStore',
]

/** Names of the tests of a contract, by the file they are in. */
const testsOf = async (contract: string): Promise<Map<string, readonly string[]>> => {
  const files = (await readdir(join(folder, contract))).filter(name => name.endsWith('.t.sol'))
  const found = files.map(async name => {
    const text = await readFile(join(folder, contract, name), 'utf8')
    const tests = [...text.matchAll(/function ((?:test|testFuzz|invariant)_\w+)\(/g)].map(
      ([, test = '']) => test,
    )
    return [name.replace('.t.sol', ''), tests] as const
  })
  return new Map(await Promise.all(found))
}

const lettersOf = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')

/** The lines of a tree that have nothing below them. */
const leavesOf = (tree: string): readonly string[] => {
  const lines = tree.trimEnd().split('\n')
  const depthOf = (line: string | undefined): number => line?.search(/[^│├└─ ]/) ?? 0
  return lines.filter((line, i) => depthOf(lines[i + 1]) <= depthOf(line))
}

describe.each(contracts)('the branches of %s', contract => {
  it('are its tests, each of them and no other', async () => {
    const tree = await readFile(join(folder, contract, `${contract}.tree`), 'utf8')
    const tests = [...(await testsOf(contract)).values()].flat()
    const named = tests.map(test => lettersOf(test.replace(/^(test|testFuzz|invariant)_(MicroRaiden_)?/, '')))
    expect(leavesOf(tree).map(lettersOf).sort()).toEqual(named.sort())
  })
})

describe('docs/security.md', async () => {
  const page = await readFile(join(root, 'docs/security.md'), 'utf8')
  const sectionOf = (title: string): string => page.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? ''
  const rowsOf = (title: string): readonly (readonly string[])[] =>
    sectionOf(title)
      .split('\n')
      .filter(
        line => line.startsWith('| ') && !line.startsWith('| attack') && !line.startsWith('| invariant'),
      )
      .map(line => [...line.matchAll(/`(\w+\/\w+:\w+)`/g)].map(([, name = '']) => name))

  it.each([
    ['Attacks, each a named test', 23],
    ['Invariants, each held by handlers', 10],
  ])('names under "%s" tests that there are', async (title, count) => {
    const rows = rowsOf(title)
    expect(rows).toHaveLength(count)
    for (const names of rows) expect(names).not.toEqual([])
    const known = await Promise.all(
      contracts.map(async contract =>
        [...(await testsOf(contract))].flatMap(([file, tests]) =>
          tests.map(test => `${contract}/${file}:${test}`),
        ),
      ),
    )
    expect(rows.flat().filter(name => !known.flat().includes(name))).toEqual([])
  })

  it('lists the mutants, each by its name', () => {
    const listed = [...sectionOf('Mutants').matchAll(/^- (.+)$/gm)].map(([, name = '']) => name)
    expect(listed).toEqual(mutants.map(({ name }) => name))
    expect(new Set(listed).size).toBe(listed.length)
  })
})
