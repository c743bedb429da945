// A Hardhat 3 project whose only network is the devnet. Its suite deploys what an artifact holds, so that no compiler is fetched.
import ethers from '@nomicfoundation/hardhat-ethers';
import matchers from '@nomicfoundation/hardhat-ethers-chai-matchers';
import ignition from '@nomicfoundation/hardhat-ignition-ethers';
import helpers from '@nomicfoundation/hardhat-network-helpers';

export default {
  plugins: [ethers, helpers, ignition, matchers],
  solidity: '0.8.24',
  networks: { devnet: { type: 'http', chainType: 'generic', url: process.env.DEVNET_URL } },
};
