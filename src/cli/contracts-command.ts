import type { Command } from 'commander'
import { hexlify, Wallet } from 'ethers'
import { type ContractKey, contractKeys, contractNames } from '#chain/addresses.ts'
import { deployContracts } from '#chain/deploy.ts'
import { deploymentFileOf, openDeploymentFile } from '#chain/deployment-journal.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { networks } from '#chain/networks.ts'
import { createSender } from '#chain/sender.ts'
import { addressField, parseFields } from '#protocol/fields.ts'
import type { Address } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { type Act, parseTimeOption } from './command-kit.ts'
import { openRoleKeys } from './role-keys.ts'

type DeployOptions = {
  readonly network: string
  readonly period: number
  readonly owner: string
  readonly holder?: string
  readonly avatarShare?: string
  readonly file?: string
}

/** `paratii contracts deploy`. */
export const addContractsCommands = (program: Command, act: Act): void => {
  const contracts = program.command('contracts').description('The contracts of a deployment')
  contracts
    .command('deploy')
    .description('deploy what is not deployed yet, register it, and offer ownership; done again it goes on')
    .requiredOption('--network <name>', `one of ${Object.keys(networks).join(', ')}`)
    .requiredOption('--owner <address>', 'who shall own registry and avatar, by acceptOwnership of both')
    .option('--period <time>', 'how long closes may be answered; for ever', parseTimeOption, 86_400)
    .option('--holder <address>', 'who gets the whole supply of PTI; the owner without')
    .option('--avatar-share <bps>', 'part of each price for redistribution, in 1/10000')
    .option('--file <file>', "where the deployment is kept; without, in the checkout's src/chain/deployments")
    .action(
      act(async (context, command) => {
        const options = command.opts<DeployOptions>()
        const { signal } = context.shutdown
        const chainId = networks[options.network]
        if (chainId === undefined)
          throw new ParatiiError('usage-invalid', {
            advice: `Networks are ${Object.keys(networks).join(', ')}.`,
          })
        const rpcUrl = (await context.readConfig())['chain.rpcUrl']
        if (rpcUrl === undefined)
          throw new ParatiiError('config-absent', { advice: 'Give the node of the network by --rpc-url.' })
        const owner = parseAddress('owner', options.owner)
        const holder = options.holder === undefined ? owner : parseAddress('holder', options.holder)
        const avatarShareBps = parseShare(options.avatarShare)
        const rpc = connectRpc(rpcUrl)
        const found = Number(await rpc.request('eth_chainId', [], signal))
        if (found !== chainId) throw new ParatiiError('chain-mismatch', { expected: chainId, found })
        const { walletKey } = await openRoleKeys(context, 'publisher')
        const file = options.file ?? deploymentFileOf(chainId)
        const addresses = await deployContracts(
          rpc,
          createSender(rpc, chainId, new Wallet(hexlify(walletKey))),
          {
            periodSeconds: options.period,
            owner,
            holder,
            journal: openDeploymentFile(file, chainId, options.period),
            ...(avatarShareBps === undefined ? {} : { avatarShareBps }),
          },
          signal,
        )
        const kept = file instanceof URL ? file.pathname : file
        context.print({ chainId, addresses, file: kept }, [
          `ParatiiRegistry  ${addresses.registry}`,
          ...contractKeys.map((key: ContractKey) => `${contractNames[key].padEnd(15)}  ${addresses[key]}`),
          `Kept in ${kept}. What explorers verify it with: node scripts/verification.ts ${kept}`,
          `${owner} takes the registry and the avatar by calling acceptOwnership of each.`,
        ])
      }),
    )
}

const parseAddress = (name: string, text: string): Address => {
  const address = parseFields(addressField, text.toLowerCase(), 'usage-invalid')
  if (!address.ok)
    throw new ParatiiError('usage-invalid', { advice: `--${name} is 0x and 40 hex digits.`, given: text })
  return address.value
}

const parseShare = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (!/^\d{1,5}$/.test(text) || Number(text) > 10_000)
    throw new ParatiiError('usage-invalid', { advice: '--avatar-share is 0 to 10000.', given: text })
  return Number(text)
}
