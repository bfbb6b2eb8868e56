import type { Command } from 'commander'
import { startDevnetChain } from '#devnet/chain.ts'
import { faucetGift, startFaucet } from '#devnet/faucet.ts'
import { formatPti } from '#std/amount.ts'
import { type Act, parseTimeOption } from './command-kit.ts'

type DevnetOptions = {
  readonly port?: string
  readonly faucetPort?: string
  readonly period?: number
  readonly state?: string
}

/** `paratii devnet`. */
export const addDevnetCommand = (program: Command, act: Act): void => {
  program
    .command('devnet')
    .description('run a chain of this machine alone, with the contracts deployed and a faucet')
    .option('--port <number>', 'port of the chain; any free one without')
    .option('--faucet-port <number>', 'port of the faucet; any free one without')
    .option('--period <time>', 'how long escrows outlast a request to close, such as 10s', parseTimeOption)
    .option('--state <file>', 'keep the chain in this file between runs')
    .action(
      act(async (context, command) => {
        const { port, faucetPort, period, state } = command.opts<DevnetOptions>()
        const { shutdown } = context
        const chain = await startDevnetChain({
          ...(port === undefined ? {} : { port: Number(port) }),
          ...(period === undefined ? {} : { periodSeconds: period }),
          ...(state === undefined ? {} : { stateFile: state }),
          signal: shutdown.signal,
        })
        shutdown.add('chain', () => chain.stop())
        const faucet = await startFaucet(chain, Number(faucetPort ?? 0))
        shutdown.add('faucet', () => faucet.close())
        const { chainId, rpcUrl, registry } = chain
        const pairs = `chain.id=${chainId} chain.rpcUrl=${rpcUrl} chain.registry=${registry}`
        context.print({ chainId, rpcUrl, registry, faucet: faucet.url }, [
          `Chain ${chainId} at ${rpcUrl}`,
          `ParatiiRegistry ${registry}`,
          `Faucet ${faucet.url}: curl -d ADDRESS ${faucet.url} gives ${formatPti(faucetGift.ptiWei)} PTI and ether for gas`,
          `To use it: paratii config set ${pairs}`,
          'Ctrl-C ends it.',
        ])
        await shutdown.requested()
      }),
    )
}
