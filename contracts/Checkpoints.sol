// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";

/// @title Roots of logs
/// @notice Anybody publishes, under its own name, the Merkle root of a log (an operator's ledger, a message that stays) and
/// where it lies. What was published cannot be changed: each checkpoint has a number.
contract Checkpoints is EIP712 {
    using CompactSignatures for bytes32;

    /// @notice Bytes that a CID may have.
    uint256 public constant MAX_CID_BYTES = 128;

    bytes32 private constant _CHECKPOINT_TYPEHASH =
        keccak256("Checkpoint(address account,uint256 number,bytes32 root,bytes cid,uint256 deadline)");

    mapping(address account => uint256) private _counts;
    mapping(address account => mapping(uint256 number => bytes32)) private _roots;

    /// @notice Checkpoint number `number` of `account`, from 1.
    event Checkpointed(address indexed account, uint256 indexed number, bytes32 root, bytes cid);

    /// @notice The CID is empty or too long.
    error Checkpoints_BadCid();
    /// @notice The signature is not the account's, or for another number than its next.
    error Checkpoints_BadSignature();
    /// @notice The signature's deadline has passed.
    error Checkpoints_Expired(uint256 deadline);

    constructor() EIP712("Paratii", "1") {}

    /// @notice Publishes the sender's next checkpoint.
    /// @param root Merkle root of the log.
    /// @param cid Where the log lies.
    function checkpoint(bytes32 root, bytes calldata cid) external returns (uint256 number) {
        return _checkpoint(msg.sender, root, cid);
    }

    /// @notice The same for `account`, who signed Checkpoint with the number of its next.
    function checkpointBySignature(
        address account,
        bytes32 root,
        bytes calldata cid,
        uint256 deadline,
        Signature calldata signature
    ) external returns (uint256 number) {
        if (block.timestamp > deadline) revert Checkpoints_Expired(deadline);
        bytes32 structHash = keccak256(
            abi.encode(_CHECKPOINT_TYPEHASH, account, _counts[account] + 1, root, keccak256(cid), deadline)
        );
        address signer = _hashTypedDataV4(structHash).recover(signature);
        if (signer == address(0) || signer != account) revert Checkpoints_BadSignature();
        return _checkpoint(account, root, cid);
    }

    /// @notice How many checkpoints an account has.
    function countOf(address account) external view returns (uint256) {
        return _counts[account];
    }

    /// @notice The root of one, or zero.
    function rootOf(address account, uint256 number) external view returns (bytes32) {
        return _roots[account][number];
    }

    /// @notice The EIP-712 domain separator of this contract.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _checkpoint(address account, bytes32 root, bytes calldata cid) private returns (uint256 number) {
        if (cid.length == 0 || cid.length > MAX_CID_BYTES) revert Checkpoints_BadCid();
        number = ++_counts[account];
        _roots[account][number] = root;
        emit Checkpointed(account, number, root, cid);
    }
}
