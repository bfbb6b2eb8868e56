import { join } from 'node:path'
import type { DevnetChain } from '#devnet/chain.ts'
import { type CommandOptions, type RunningCommand, runCommand, startCommand } from '#devnet/command.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Address } from '#std/brand.ts'
import { runProgram } from '#transcode/program.ts'

export interface Campaigner {
  readonly account: Address
  /** Ends the daemon as an operator would: what it owes is settled first. */
  stop(): Promise<void>
}

export interface CampaignWish {
  readonly folder: string
  readonly name: string
  readonly ffmpeg: string
  /** PTI: the whole campaign, and a minute of a viewer. */
  readonly budget: string
  readonly maxRate: string
  /** Seconds of its film. */
  readonly seconds: number
}

/** An advertiser with a campaign of its own for a film of its own, by the commands that a person would type. */
export async function openCampaigner(chain: DevnetChain, wish: CampaignWish): Promise<Campaigner> {
  const { folder, name, ffmpeg, budget, maxRate, seconds } = wish
  const command: CommandOptions = { home: join(folder, name), password: 'devnet-only' }
  const { rpcUrl, chainId, registry } = chain
  const network = ['--rpc-url', rpcUrl, '--chain-id', `${chainId}`, '--registry', registry]
  const { account } = await runCommand(['advertiser', 'init', ...network], command)
  await chain.faucet(account as Address, 10n * weiPerPti, weiPerPti)
  const film = join(folder, `${name}.mp4`)
  const picture = ['-f', 'lavfi', '-i', `testsrc2=s=640x360:r=25:d=${seconds}`]
  const sound = ['-f', 'lavfi', '-i', `sine=f=330:d=${seconds}`]
  const made = await runProgram(
    ffmpeg,
    ['-v', 'error', ...picture, ...sound, '-c:v', 'libx264', '-c:a', 'aac', '-shortest', film],
    { onLine: () => {} },
  )
  if (made.exitCode !== 0) throw new Error('no film')
  const published = await runCommand(
    ['publish', film, '--price', '0', '--advertiser', '--title', name],
    command,
  )
  const { id } = published.video as { id: string }
  await runCommand(
    ['campaign', 'create', '--video', id, '--budget', budget, '--max-rate', maxRate, '--per-viewer', budget],
    command,
  )
  const daemon: RunningCommand = startCommand(['advertiser', 'serve'], command)
  await daemon.nextLine()
  return { account: account as Address, stop: () => daemon.stop() }
}
