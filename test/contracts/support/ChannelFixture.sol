// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiToken} from "../../../contracts/ParatiiToken.sol";
import {PaymentChannels} from "../../../contracts/PaymentChannels.sol";
import {IPaymentChannelsTypes} from "../../../contracts/interfaces/IPaymentChannelsTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Test} from "./Test.sol";

/// @dev Channels of one payer to one payee, and what both sign.
abstract contract ChannelFixture is Test {
    uint32 internal constant PERIOD = 1 days;
    uint256 internal constant PAYER_KEY = 0xB0B;
    uint256 internal constant SIGNER_KEY = 0x51;
    uint256 internal constant PAYEE_KEY = 0xCAFE;
    uint256 internal constant FUNDS = 1_000 ether;

    address internal immutable PAYER = vm.addr(PAYER_KEY);
    address internal immutable SIGNER = vm.addr(SIGNER_KEY);
    address internal immutable PAYEE = vm.addr(PAYEE_KEY);
    address internal immutable RELAYER = address(0xE1A4);

    ParatiiToken internal token;
    PaymentChannels internal channels;

    function deploy() internal {
        vm.warp(1_800_000_000);
        token = new ParatiiToken(address(this));
        channels = new PaymentChannels(token, PERIOD);
        token.transfer(PAYER, FUNDS);
        vm.prank(PAYER);
        token.approve(address(channels), type(uint256).max);
    }

    function route(uint96 lane) internal view returns (IPaymentChannelsTypes.Route memory) {
        return IPaymentChannelsTypes.Route({payer: PAYER, payee: PAYEE, signer: SIGNER, lane: lane});
    }

    function open(uint96 lane, uint256 deposit) internal returns (bytes32) {
        vm.prank(PAYER);
        return channels.createChannel(PAYEE, SIGNER, lane, deposit);
    }

    function digestOf(string memory kind, bytes32 channel, uint256 balance) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(abi.encodePacked(kind, "(bytes32 channel,uint256 balance)"));
        return toDigest(channels.domainSeparator(), keccak256(abi.encode(typeHash, channel, balance)));
    }

    function proof(bytes32 channel, uint256 balance) internal view returns (Signature memory) {
        return sign(SIGNER_KEY, digestOf("BalanceProof", channel, balance));
    }

    function closing(bytes32 channel, uint256 balance) internal view returns (Signature memory) {
        return sign(PAYEE_KEY, digestOf("ClosingSignature", channel, balance));
    }

    function none() internal pure returns (Signature memory) {}

    function packed(uint96 lane, bytes32 channel, uint256 balance)
        internal
        view
        returns (IPaymentChannelsTypes.PackedProof memory)
    {
        return IPaymentChannelsTypes.PackedProof({
            payerAndLane: (uint256(uint160(PAYER)) << 96) | lane,
            signerAndBalance: (uint256(uint160(SIGNER)) << 96) | balance,
            proof: proof(channel, balance)
        });
    }

    function authorize(uint256 key, address to, uint256 value, uint256 validBefore, bytes32 nonce)
        internal
        view
        returns (Signature memory)
    {
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 structHash = keccak256(abi.encode(typeHash, vm.addr(key), to, value, 0, validBefore, nonce));
        return sign(key, toDigest(token.DOMAIN_SEPARATOR(), structHash));
    }

    function createNonce(bytes32 channel, uint256 deposit) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("CreateChannel(bytes32 channel,uint256 deposit)");
        return toDigest(channels.domainSeparator(), keccak256(abi.encode(typeHash, channel, deposit)));
    }

    function acceptance() internal view returns (IPaymentChannelsTypes.Acceptance memory) {
        return IPaymentChannelsTypes.Acceptance({
            bid: keccak256("bid"),
            payer: PAYER,
            payee: PAYEE,
            signer: SIGNER,
            video: keccak256("video"),
            format: "cmaf",
            root: keccak256("root"),
            rate: 1 ether / 100,
            chunkSeconds: 2,
            length: 600,
            validUntil: uint40(block.timestamp + 1 hours)
        });
    }

    function digestAcceptance(IPaymentChannelsTypes.Acceptance memory terms) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Acceptance(bytes32 bid,address payer,address payee,address signer,bytes32 video,bytes32 format,bytes32 root,uint96 rate,uint32 chunkSeconds,uint32 length,uint40 validUntil)"
        );
        return toDigest(channels.domainSeparator(), keccak256(bytes.concat(typeHash, abi.encode(terms))));
    }
}
