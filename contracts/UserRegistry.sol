// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ParatiiRegistry} from "./ParatiiRegistry.sol";
import {VideoRegistry} from "./VideoRegistry.sol";
import {VideoStore} from "./VideoStore.sol";
import {Votes} from "./base/Votes.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";
import {Deal} from "./libraries/Deals.sol";
import {PublicKeys} from "./libraries/PublicKeys.sol";

/// @title Who people are, where they are reached, what they own and think
/// @notice For each account its profile, its mailbox key, the keys and network addresses of its nodes, and its votes.
/// Whatever an account does here can be sent by anybody who has its EIP-712 signature.
contract UserRegistry is EIP712, Nonces, Votes {
    using CompactSignatures for bytes32;

    /// @notice Nodes that an account may list.
    uint256 public constant MAX_NODES = 16;
    /// @notice Addresses that a node may list.
    uint256 public constant MAX_ADDRESSES = 8;
    /// @notice Bytes that an address may have.
    uint256 public constant MAX_ADDRESS_BYTES = 256;

    /// @notice Bytes that the CID of a profile may have.
    uint256 public constant MAX_CID_BYTES = 128;

    bytes32 private constant _NODE_TYPEHASH = keccak256("Node(bytes key,string[] addresses)");
    bytes32 private constant _SET_NODES_TYPEHASH = keccak256(
        "SetNodes(address user,Node[] nodes,uint256 nonce,uint256 deadline)Node(bytes key,string[] addresses)"
    );
    bytes32 private constant _SET_MAILBOX_KEY_TYPEHASH =
        keccak256("SetMailboxKey(address user,bytes key,uint256 nonce,uint256 deadline)");
    bytes32 private constant _REVOKE_MAILBOX_KEY_TYPEHASH =
        keccak256("RevokeMailboxKey(address user,bytes key,uint256 nonce,uint256 deadline)");
    bytes32 private constant _SET_METADATA_TYPEHASH =
        keccak256("SetMetadata(address user,bytes cid,uint256 nonce,uint256 deadline)");

    struct Node {
        bytes key; // compressed node key, 33 bytes
        string[] addresses; // multiaddrs
    }

    ParatiiRegistry private immutable _registry;
    mapping(address user => bytes) private _metadata;
    mapping(address user => bytes) private _mailboxKeys;
    mapping(address user => mapping(bytes32 keyHash => uint256 blockNumber)) private _revocations;
    mapping(address user => Node[]) private _nodes;

    /// @notice `user` now reads its mail at `key`; empty means nowhere.
    event MailboxKeySet(address indexed user, bytes key);
    /// @notice What is received from block `blockNumber` on, signed by this key of `user`, is refused.
    event MailboxKeyRevoked(address indexed user, bytes key, uint256 blockNumber);
    /// @notice The profile of `user` now lies at `cid`; empty means nowhere.
    event MetadataSet(address indexed user, bytes cid);
    /// @notice `user` now has these nodes and no others.
    event NodesSet(address indexed user, Node[] nodes);

    /// @notice The signature is not the user's.
    error UserRegistry_BadSignature();
    /// @notice The signature's deadline has passed.
    error UserRegistry_Expired(uint256 deadline);
    /// @notice A public key is not 33 bytes of a compressed point.
    error UserRegistry_BadKey();
    /// @notice More nodes, addresses or bytes of an address than are kept.
    error UserRegistry_TooMany();
    /// @notice The key was revoked.
    error UserRegistry_Revoked(uint256 blockNumber);

    /// @param registry Where the contracts are looked up that say what an account owns.
    constructor(ParatiiRegistry registry) EIP712("Paratii", "1") {
        _registry = registry;
    }

    /// @notice Sets where the sender's profile lies, or removes it (empty).
    function setMetadata(bytes calldata cid) external {
        _setMetadata(msg.sender, cid);
    }

    /// @notice The same for `user`, who signed SetMetadata with its next nonce.
    function setMetadataBySignature(address user, bytes calldata cid, uint256 deadline, Signature calldata signature)
        external
    {
        _checkBytes(_SET_METADATA_TYPEHASH, user, cid, deadline, signature);
        _setMetadata(user, cid);
    }

    /// @notice Sets the sender's mailbox key (33 bytes compressed), or removes it (empty). Keys that it had before stay
    /// good until they are revoked.
    function setMailboxKey(bytes calldata key) external {
        _setMailboxKey(msg.sender, key);
    }

    /// @notice The same for `user`, who signed SetMailboxKey with its next nonce.
    function setMailboxKeyBySignature(address user, bytes calldata key, uint256 deadline, Signature calldata signature)
        external
    {
        _checkBytes(_SET_MAILBOX_KEY_TYPEHASH, user, key, deadline, signature);
        _setMailboxKey(user, key);
    }

    /// @notice Revokes a mailbox key of the sender, from this block on and for ever.
    function revokeMailboxKey(bytes calldata key) external {
        _revokeMailboxKey(msg.sender, key);
    }

    /// @notice The same for `user`, who signed RevokeMailboxKey with its next nonce.
    function revokeMailboxKeyBySignature(
        address user,
        bytes calldata key,
        uint256 deadline,
        Signature calldata signature
    ) external {
        _checkBytes(_REVOKE_MAILBOX_KEY_TYPEHASH, user, key, deadline, signature);
        _revokeMailboxKey(user, key);
    }

    /// @notice Replaces the list of the sender's nodes.
    function setNodes(Node[] calldata nodes) external {
        _setNodes(msg.sender, nodes);
    }

    /// @notice The same for `user`, who signed SetNodes with its next nonce.
    function setNodesBySignature(address user, Node[] calldata nodes, uint256 deadline, Signature calldata signature)
        external
    {
        bytes32[] memory hashes = new bytes32[](nodes.length);
        for (uint256 i; i < nodes.length; ++i) {
            hashes[i] = _hash(nodes[i]);
        }
        _check(
            user,
            keccak256(
                abi.encode(
                    _SET_NODES_TYPEHASH, user, keccak256(abi.encodePacked(hashes)), _useNonce(user), deadline
                )
            ),
            deadline,
            signature
        );
        _setNodes(user, nodes);
    }

    /// @notice The account's compressed mailbox key, or empty.
    function mailboxKeyOf(address user) external view returns (bytes memory) {
        return _mailboxKeys[user];
    }

    /// @notice The block from which a key of the account is revoked, or zero.
    function revokedFrom(address user, bytes calldata key) external view returns (uint256 blockNumber) {
        return _revocations[user][keccak256(key)];
    }

    /// @notice The CID of the account's profile, or empty.
    function metadataOf(address user) external view returns (bytes memory) {
        return _metadata[user];
    }

    /// @notice Whether an account sells a video.
    function sells(address user, bytes32 video) external view returns (bool) {
        return VideoRegistry(_registry.addressOf("VideoRegistry")).videoOf(video).owner == user;
    }

    /// @notice Whether an account has paid, by this purchase, the whole price of a format: see VideoStore.owns.
    function owns(address user, Deal calldata deal, address signer, bytes32 allotments, address buyer)
        external
        view
        returns (bool)
    {
        return VideoStore(_registry.addressOf("VideoStore")).owns(user, deal, signer, allotments, buyer);
    }

    /// @notice The account's nodes, in the order in which it listed them.
    function nodesOf(address user) external view returns (Node[] memory) {
        return _nodes[user];
    }

    /// @notice The EIP-712 domain separator of this contract.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _setMailboxKey(address user, bytes calldata key) private {
        if (key.length != 0 && !PublicKeys.isCompressed(key)) revert UserRegistry_BadKey();
        uint256 revoked = _revocations[user][keccak256(key)];
        if (revoked != 0) revert UserRegistry_Revoked(revoked);
        _mailboxKeys[user] = key;
        emit MailboxKeySet(user, key);
    }

    function _revokeMailboxKey(address user, bytes calldata key) private {
        if (!PublicKeys.isCompressed(key)) revert UserRegistry_BadKey();
        bytes32 keyHash = keccak256(key);
        uint256 revoked = _revocations[user][keyHash];
        if (revoked != 0) revert UserRegistry_Revoked(revoked);
        _revocations[user][keyHash] = block.number;
        emit MailboxKeyRevoked(user, key, block.number);
        if (keccak256(_mailboxKeys[user]) != keyHash) return;
        delete _mailboxKeys[user];
        emit MailboxKeySet(user, "");
    }

    function _setMetadata(address user, bytes calldata cid) private {
        if (cid.length > MAX_CID_BYTES) revert UserRegistry_TooMany();
        _metadata[user] = cid;
        emit MetadataSet(user, cid);
    }

    function _setNodes(address user, Node[] calldata nodes) private {
        if (nodes.length > MAX_NODES) revert UserRegistry_TooMany();
        delete _nodes[user];
        for (uint256 i; i < nodes.length; ++i) {
            Node calldata node = nodes[i];
            if (!PublicKeys.isCompressed(node.key)) revert UserRegistry_BadKey();
            if (node.addresses.length > MAX_ADDRESSES) revert UserRegistry_TooMany();
            for (uint256 j; j < node.addresses.length; ++j) {
                if (bytes(node.addresses[j]).length > MAX_ADDRESS_BYTES) revert UserRegistry_TooMany();
            }
            _nodes[user].push(node);
        }
        emit NodesSet(user, nodes);
    }

    /// @dev Checks what is signed as (user, bytes, nonce, deadline), and uses the nonce.
    function _checkBytes(
        bytes32 typeHash,
        address user,
        bytes calldata value,
        uint256 deadline,
        Signature calldata signature
    ) private {
        bytes32 structHash = keccak256(abi.encode(typeHash, user, keccak256(value), _useNonce(user), deadline));
        _check(user, structHash, deadline, signature);
    }

    function _check(address user, bytes32 structHash, uint256 deadline, Signature calldata signature) private view {
        if (block.timestamp > deadline) revert UserRegistry_Expired(deadline);
        address signer = _hashTypedDataV4(structHash).recover(signature);
        if (signer == address(0) || signer != user) revert UserRegistry_BadSignature();
    }

    function _hash(Node calldata node) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](node.addresses.length);
        for (uint256 i; i < node.addresses.length; ++i) {
            hashes[i] = keccak256(bytes(node.addresses[i]));
        }
        return keccak256(abi.encode(_NODE_TYPEHASH, keccak256(node.key), keccak256(abi.encodePacked(hashes))));
    }
}
