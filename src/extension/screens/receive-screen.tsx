import type { ReactElement } from 'react'
import type { WalletState } from '#bridge/shapes.ts'
import { Button } from '#ui/button.tsx'
import { CopyButton } from '#ui/copy-button.tsx'
import { Icon } from '#ui/icon.tsx'
import { text } from '#ui/texts.ts'

type ReceiveProps = {
  readonly wallet: Exclude<WalletState, { status: 'absent' }>
  readonly back: () => void
}

export function ReceiveScreen({ wallet, back }: ReceiveProps): ReactElement {
  const { fundingUrl, name } = wallet.network
  return (
    <div className="stack padded">
      <div className="row">
        <Button kind="plain" onClick={back} aria-label={text('back')}>
          <Icon name="back" />
        </Button>
        <h1 className="screen-title">{text('receiveTitle')}</h1>
      </div>
      <p className="quiet">{text('receiveLead', name)}</p>
      <code className="address" data-testid="address">
        {wallet.address}
      </code>
      <CopyButton value={wallet.address} label={text('copyAddress')} />
      {fundingUrl !== undefined && (
        <a href={fundingUrl} target="_blank" rel="noreferrer">
          {text('getPti')}
        </a>
      )}
    </div>
  )
}
