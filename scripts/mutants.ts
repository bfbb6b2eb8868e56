/**
 * Plants faults in the contracts, one at a time, and runs the tests that must notice. Prints each by name, and fails if one
 * lives. The tree itself is not touched: contracts and tests are copied to a folder of their own, and compiled as
 * hardhat.test.config.ts says.
 *
 *   node scripts/mutants.ts [part of a name …]
 */
import { spawn } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Mutant, mutants } from './mutant-list.ts'

const root = resolve(import.meta.dirname, '..')
const folder = join(root, 'cache', `mutants-${process.pid}`)

const copyTree = async (): Promise<void> => {
  await mkdir(folder, { recursive: true })
  for (const part of ['contracts', 'test/contracts', 'test/vectors']) {
    await rm(join(folder, part), { recursive: true, force: true })
    await cp(join(root, part), join(folder, part), { recursive: true })
  }
  for (const file of ['package.json', 'hardhat.config.ts', 'hardhat.test.config.ts'])
    await cp(join(root, file), join(folder, file))
}

const runTests = (tests: readonly string[]): Promise<{ code: number; output: string }> => {
  const files = [...new Set(tests)].map(test => `test/contracts/${test}`)
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules/hardhat/dist/src/cli.js'),
      ...['--config', 'hardhat.test.config.ts', 'test', 'solidity', ...files],
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', code => done({ code: code ?? 1, output }))
  })
}

/** The text with the fault. A fault that no longer fits its contract is a mistake of the list. */
const plant = (text: string, { name, from, to }: Mutant): string => {
  const count = text.split(from).length - 1
  if (count !== 1) throw new Error(`"${name}" stands ${count} times in its file`)
  return text.replace(from, () => to)
}

/** Caught by tests that fail; a fault that does not compile shows nothing. */
const isCaught = async (mutant: Mutant): Promise<boolean> => {
  const file = join(folder, 'contracts', mutant.file)
  const text = await readFile(file, 'utf8')
  await writeFile(file, plant(text, mutant))
  try {
    const { code, output } = await runTests(mutant.tests)
    if (code !== 0 && !/\d+ failing/.test(output)) throw new Error(`"${mutant.name}" did not run:\n${output}`)
    return code !== 0
  } finally {
    await writeFile(file, text)
  }
}

const wanted = process.argv.slice(2)
const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.some(part => name.includes(part)))
let lived = 0
try {
  await copyTree()
  for (const mutant of chosen) plant(await readFile(join(folder, 'contracts', mutant.file), 'utf8'), mutant)
  const sound = await runTests(chosen.flatMap(({ tests }) => tests))
  if (sound.code !== 0) throw new Error(`the tests fail without any fault:\n${sound.output}`)
  for (const mutant of chosen) {
    const caught = await isCaught(mutant)
    if (!caught) lived++
    console.log(`${caught ? 'caught' : 'LIVED '}  ${mutant.name} (${mutant.file})`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
console.log(`${chosen.length - lived} of ${chosen.length} mutants caught`)
process.exitCode = lived === 0 ? 0 : 1
