import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { addressField, uint53Field } from '#protocol/fields.ts'
import type { Address, Hex } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { contractNames } from './addresses.ts'

export type DeployedName = 'ParatiiRegistry' | (typeof contractNames)[keyof typeof contractNames]

/** A contract that was, or is being, deployed, and what an explorer needs to verify it. */
export type DeployedContract = {
  readonly address: Address
  /** Of the deployer's transaction, from which the address follows. */
  readonly nonce: number
  /** ABI encoded. */
  readonly constructorArguments: Hex
}

export type DeployedContracts = { readonly [Name in DeployedName]?: DeployedContract | undefined }

/** What a deployment has done so far. */
export type DeploymentJournal = {
  load(): Promise<DeployedContracts>
  save(contracts: DeployedContracts): Promise<void>
}

const deployedSchema = v.object({
  address: addressField,
  nonce: uint53Field,
  constructorArguments: v.pipe(
    v.string(),
    v.regex(/^0x([0-9a-f]{2})*$/),
    v.transform(text => text as Hex),
  ),
})
const names = ['ParatiiRegistry', ...Object.values(contractNames)] as const
const fileSchema = v.object({
  chainId: v.number(),
  periodSeconds: v.number(),
  contracts: v.partial(
    v.object(
      Object.fromEntries(names.map(name => [name, deployedSchema])) as Record<
        DeployedName,
        typeof deployedSchema
      >,
    ),
  ),
})

/** Where a checkout keeps the deployments of real networks. */
export const deploymentFileOf = (chainId: number): URL =>
  new URL(`deployments/${chainId}.json`, import.meta.url)

/**
 * A journal in a JSON file `{ chainId, periodSeconds, contracts }`, replaced whole at each step. `config-malformed` if the
 * file is of another chain or period, or no such file at all.
 */
export const openDeploymentFile = (
  file: URL | string,
  chainId: number,
  periodSeconds: number,
): DeploymentJournal => ({
  async load() {
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch {
      return {}
    }
    const parsed = v.safeParse(fileSchema, parseJson(text))
    if (!parsed.success || parsed.output.chainId !== chainId || parsed.output.periodSeconds !== periodSeconds)
      throw new ParatiiError('config-malformed', { file: String(file) })
    return parsed.output.contracts
  },
  async save(contracts) {
    const path = file instanceof URL ? file.pathname : file
    await mkdir(dirname(path), { recursive: true })
    const partial = `${path}.partial`
    await writeFile(partial, `${JSON.stringify({ chainId, periodSeconds, contracts }, null, 2)}\n`)
    await rename(partial, path)
  },
})

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
