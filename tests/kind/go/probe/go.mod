module clusterip-lab/kind/probe

go 1.24.0
