/**
 * Writes what block explorers verify a deployment with, one JSON file a contract in build/verification/<chain id>/: address,
 * contract, compiler, constructor arguments, and the compiler's standard JSON input. Run `hardhat build` first.
 *
 *   node scripts/verification.ts src/chain/deployments/<chain id>.json
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'

type Deployment = {
  chainId: number
  contracts: Record<string, { address: string; constructorArguments: string }>
}
type Artifact = { buildInfoId: string; inputSourceName: string }
type BuildInfo = { solcLongVersion: string; input: unknown }

const root = new URL('../', import.meta.url)
const readJson = async <T>(path: URL | string): Promise<T> => JSON.parse(await readFile(path, 'utf8')) as T

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('Which deployment? node scripts/verification.ts FILE')
const { chainId, contracts } = await readJson<Deployment>(file)
const folder = new URL(`build/verification/${chainId}/`, root)
await mkdir(folder, { recursive: true })
for (const [name, { address, constructorArguments }] of Object.entries(contracts)) {
  const artifact = await readJson<Artifact>(new URL(`artifacts/contracts/${name}.sol/${name}.json`, root))
  const build = await readJson<BuildInfo>(new URL(`artifacts/build-info/${artifact.buildInfoId}.json`, root))
  const verification = {
    address,
    contract: `${artifact.inputSourceName}:${name}`,
    compiler: build.solcLongVersion,
    constructorArguments: constructorArguments.slice(2),
    input: build.input,
  }
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify(verification, null, 2)}\n`)
  console.log(`${name} ${address}`)
}
console.log(`written to ${folder.pathname}`)
